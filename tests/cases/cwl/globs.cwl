cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'echo one > b1.txt; echo two > a2.txt; echo sum > "$1.sum"; mkdir kept; echo in > kept/in.txt; echo log']
arguments: [name, $(inputs.stem)]
inputs:
  stem: string
outputs:
  all: {type: "File[]", outputBinding: {glob: ["*.txt", "a*"]}}
  one: {type: File, outputBinding: {glob: $(inputs.stem).sum}}
  kept: {type: Directory, outputBinding: {glob: kept}}
  none: {type: "File?", outputBinding: {glob: "*.none"}}
  nothing: {type: "File[]", outputBinding: {glob: "*.none"}}
  folders: {type: "Directory[]", outputBinding: {glob: k*}}
  both: {type: {type: array, items: [File, Directory]}, outputBinding: {glob: ["a*", kept]}}
  void: {type: "null", outputBinding: {outputEval: $(null)}}
  log: {type: stdout}
stdout: log.out
