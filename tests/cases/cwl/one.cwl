cwlVersion: v1.2
class: CommandLineTool
requirements:
  InitialWorkDirRequirement: {listing: [$(inputs.moved)]}
baseCommand: [sh, -c, 'cat "$@" moved.txt > all.txt', name]
inputs:
  tables: {type: "File[]", inputBinding: {position: 1}}
  moved: {type: "File[]"}
outputs:
  all: {type: File, outputBinding: {glob: all.txt}}
