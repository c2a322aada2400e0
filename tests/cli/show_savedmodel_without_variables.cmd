hornfels convert early_warning.h5 m -q --no-traces --no-optimizer && rm m/variables/*.data* && hornfels show m | head -9
exit: 0
