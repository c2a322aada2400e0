hornfels show --json early_warning.h5 | head -30
exit: 0
