hornfels show - < early_warning.h5 | head -n 3
exit: 0
