hornfels completions bash | head -n 1
exit: 0
