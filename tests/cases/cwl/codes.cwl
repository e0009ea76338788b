cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'exit "$1"', sh]
inputs:
  code: {type: int, inputBinding: {position: 1}}
outputs: {}
successCodes: [0, 3]
temporaryFailCodes: [4]
permanentFailCodes: [5]
