mkdir m && head -c 200 emotions.h5 > m/saved_model.pb && hornfels show m
exit: 2
