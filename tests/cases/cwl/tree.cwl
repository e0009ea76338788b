cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'cat "$1"/*.txt; cat "$2"', sh]
inputs:
  tree: {type: Directory, inputBinding: {position: 1}}
  beside: {type: File, default: {class: File, location: beside.txt}, inputBinding: {position: 2}}
outputs:
  said: {type: stdout}
stdout: said.txt
