cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'echo data > x.bin; echo ''{"file": {"class": "File", "path": "x.bin"}, "count": 3, "name": "n"}'' > cwl.output.json']
inputs: {}
outputs:
  file: File
  count: int
  name: "string?"
