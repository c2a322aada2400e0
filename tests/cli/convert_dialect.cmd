hornfels convert early_warning.h5 new.h5 --dialect keras3 && hornfels show new.h5 && hornfels get new.h5 /@model_config | tr , "\n" | grep -c '"module": "keras.layers"'
exit: 0
