hornfels convert early_warning.h5 compact.h5 --layout compact --json && hornfels show compact.h5 | sed 2q
exit: 0
