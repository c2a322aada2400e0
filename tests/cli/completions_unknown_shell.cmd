hornfels completions cmd
exit: 64
