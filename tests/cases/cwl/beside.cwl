cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'cat "$1" "${1%.txt}.idx" "$1.else" "$2" > all.txt; echo index > all.idx; echo more > all.txt.more']
arguments: [name, $(inputs.data), "$(inputs.data.secondaryFiles[1].path)"]
inputs:
  data:
    type: File
    secondaryFiles: [$(self.nameroot).idx, "$(self.basename)_2", .else, ".gone?"]
outputs:
  all:
    type: File
    outputBinding: {glob: all.txt}
    secondaryFiles: [$(self.nameroot).idx, "$(self.nameroot)$(self.nameext).more"]
