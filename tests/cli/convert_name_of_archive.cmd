cp early_warning.h5 early_warning.keras; hornfels convert early_warning.keras out.h5
exit: 0
