hornfels convert early_warning.h5 three.h5 --dialect keras3 -q && hornfels get three.h5 /@model_config | cut -c 1-150
exit: 0
