LC_ALL=C sed 's/"class_name": "LSTM"/"class_name": "Mine"/g' early_warning.h5 > odd.h5; hornfels convert odd.h5 out.h5 --dialect keras3
exit: 2
