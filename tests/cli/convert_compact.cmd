hornfels convert early_warning.h5 out.h5 --layout compact --no-optimizer --json && hornfels ls out.h5 | head -5
exit: 0
