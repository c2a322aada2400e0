hornfels convert emotions.h5 - --format savedmodel
exit: 2
