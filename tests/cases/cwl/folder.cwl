cwlVersion: v1.2
class: CommandLineTool
requirements:
  InitialWorkDirRequirement:
    listing:
      - $(inputs.data)
      - {entryname: named.txt, entry: $(inputs.other), writable: true}
      - {entryname: made/$(inputs.name).cfg, entry: "name = $(inputs.name)\nfile = $(inputs.data.basename)\n"}
  EnvVarRequirement:
    envDef:
      GREETING: hello $(inputs.name)
      WHERE: $(inputs.data.basename)
baseCommand: [sh, -c, 'cat data.txt named.txt made/*.cfg; echo "$GREETING $WHERE"; echo more >> named.txt; test "$HOME" = "$PWD" && test -d "$TMPDIR" && echo apart; test -f "$1" && cat "$1"', sh]
arguments: [$(inputs.data.path)]
inputs:
  data: File
  other: File
  name: string
outputs:
  said: {type: stdout}
  named: {type: File, outputBinding: {glob: named.txt}}
stdout: said.txt
