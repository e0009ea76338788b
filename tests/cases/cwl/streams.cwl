cwlVersion: v1.2
class: CommandLineTool
baseCommand: [python3, -c, "import sys; t = sys.stdin.read(); print(t.upper(), end=''); print(len(t), file=sys.stderr)"]
stdin: $(inputs.text.path)
stderr: size.txt
inputs:
  text: File
outputs:
  upper: {type: stdout}
  size: {type: stderr}
stdout: upper.txt
