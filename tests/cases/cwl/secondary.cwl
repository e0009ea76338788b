cwlVersion: v1.2
class: CommandLineTool
requirements:
  InitialWorkDirRequirement: {listing: [$(inputs.moved)]}
baseCommand: [sh, -c, 'cat "$1" "$1.idx" "${1%.txt}.dict" "$2" moved.bin moved.map > all.txt; echo index > all.txt.idx; echo stem > all.dict; ls moved*; [ -e "$1.more" ] || echo alone']
arguments: [name, $(inputs.data), "$(inputs.data.secondaryFiles[1].path)"]
inputs:
  data:
    type: File
    secondaryFiles: [.idx, ^.dict, {pattern: .more, required: false}]
  moved: {type: File, secondaryFiles: ["^.map", ".none?"]}
outputs:
  all:
    type: File
    outputBinding: {glob: all.txt}
    secondaryFiles: [.idx, {pattern: ^.dict, required: true}, .none]
  said: {type: stdout}
stdout: said.txt
