hornfels convert emotions.h5 m -q --no-optimizer && hornfels ls m layer_with_weights-1
exit: 0
