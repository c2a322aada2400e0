hornfels convert emotions.h5 m -q --no-traces --no-optimizer && hornfels show m --objects | sed -n '/^Objects/,+12p'
exit: 0
