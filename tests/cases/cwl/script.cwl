cwlVersion: v1.2
class: CommandLineTool
requirements:
  InitialWorkDirRequirement:
    listing:
      - entryname: part/go.sh
        entry: |
          cat $(inputs.data.path) "$(inputs.tree.path)/in.txt"
          test "$(runtime.outdir)" = "$PWD" && test "$(runtime.tmpdir)" = "$TMPDIR" && echo here
baseCommand: [sh, part/go.sh]
inputs:
  data: File
  tree: Directory
outputs:
  said: {type: stdout}
stdout: said.txt
