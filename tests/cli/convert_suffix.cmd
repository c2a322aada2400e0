hornfels convert early_warning.h5 out.keras
exit: 2
