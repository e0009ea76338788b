cwlVersion: v1.2
class: CommandLineTool
requirements:
  ShellCommandRequirement: {}
baseCommand: [printf, "%s\\n"]
arguments:
  - {position: 2, valueFrom: "| tr a-z A-Z; echo", shellQuote: false}
  - {position: 4, valueFrom: "; exit 0", shellQuote: false}
inputs:
  said: {type: string, inputBinding: {position: 1}}
  many: {type: "string[]", inputBinding: {position: 3, prefix: "a b"}}
outputs:
  all: {type: stdout}
stdout: all.txt
