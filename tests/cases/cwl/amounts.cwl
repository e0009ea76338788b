cwlVersion: v1.2
class: CommandLineTool
requirements:
  ResourceRequirement: {coresMin: 1.25, ramMin: 300.5, tmpdirMin: 20.1, outdirMax: 30}
baseCommand: echo
arguments: [$(runtime.cores), $(runtime.ram), $(runtime.tmpdirSize), $(runtime.outdirSize)]
inputs: {}
outputs:
  said: {type: stdout}
stdout: said.txt
