cwlVersion: v1.2
class: CommandLineTool
requirements:
  InitialWorkDirRequirement: {listing: [$(inputs.moved)]}
baseCommand: [sh, -c, 'cat "$@" "$1.idx" "${2%.txt}.map" > all.txt; for name in x y; do echo $name > $name.out; echo i$name > $name.out.idx; done; cat c.bin c.bin.idx >> all.txt; ls *.bin* >> all.txt']
arguments: [name]
inputs:
  data: {type: "File[]", secondaryFiles: [.idx, "$(self.nameroot).map", ".gone?"], inputBinding: {position: 1}}
  third: {type: "File[]", secondaryFiles: ["^.map"], inputBinding: {position: 2, valueFrom: "$(self[0].secondaryFiles[0].path)"}}
  moved: {type: "File[]", secondaryFiles: .idx}
outputs:
  all: {type: File, outputBinding: {glob: all.txt}}
  pairs: {type: "File[]", secondaryFiles: [.idx, .none], outputBinding: {glob: "*.out"}}
