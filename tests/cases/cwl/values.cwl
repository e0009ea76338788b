cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'printf 0.93 > score.txt; echo one > b1.txt; echo two > a2.txt; exit 3']
successCodes: [3]
inputs:
  data: File
  number: int
outputs:
  score:
    type: string
    outputBinding: {glob: "*.txt", loadContents: true, outputEval: "$(self[2].contents)"}
  said:
    type: string
    outputBinding: {glob: score.txt, loadContents: true, outputEval: "$(self[0].contents) of $(inputs.data.nameroot)$(self[0].nameext)"}
  size: {type: long, outputBinding: {glob: a2.txt, outputEval: "$(self[0].size)"}}
  count: {type: int, outputBinding: {glob: "*.txt", outputEval: $(self.length)}}
  code: {type: int, outputBinding: {outputEval: $(runtime.exitCode)}}
  given: {type: int, outputBinding: {outputEval: $(inputs.number)}}
  input: {type: File, outputBinding: {outputEval: $(inputs.data)}}
  first: {type: File, outputBinding: {glob: ["b*.txt", "a*.txt"], outputEval: "$(self[0])"}}
  all: {type: "File[]", outputBinding: {glob: ["b*.txt", "a*.txt"], outputEval: $(self)}}
