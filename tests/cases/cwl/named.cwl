cwlVersion: v1.2
class: CommandLineTool
requirements:
  SchemaDefRequirement:
    types:
      - {name: Mode, type: enum, symbols: [fast, exact]}
      - name: Range
        type: record
        fields:
          low: {type: int, inputBinding: {prefix: --low}}
          high: {type: "int?", inputBinding: {prefix: --high}}
      - name: Job
        type: record
        fields:
          - {name: mode, type: Mode, inputBinding: {prefix: --mode, position: 1}}
          - {name: range, type: Range}
      - {$import: parts/size.yml}
baseCommand: [python3, -c, "import json, sys; json.dump(sys.argv[1:], sys.stdout)"]
inputs:
  job: Job
  modes: {type: "Mode[]", inputBinding: {position: 2, itemSeparator: ","}}
  again: "Range?"
  size: {type: "parts/size.yml#Size", inputBinding: {position: 3}}
outputs:
  argv: {type: stdout}
stdout: line.json
