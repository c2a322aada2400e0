hornfels convert emotions.h5 m -q && hornfels get m layer_with_weights-1/gamma/.ATTRIBUTES/VARIABLE_VALUE
exit: 0
