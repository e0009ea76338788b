cwlVersion: v1.2
class: CommandLineTool
baseCommand: [python3, -c, "import json, sys; json.dump(sys.argv[1:], sys.stdout)"]
inputs:
  runs:
    type:
      type: array
      items:
        type: record
        fields:
          seed: {type: int, inputBinding: {position: 2, prefix: --seed}}
          names: {type: "string[]?", inputBinding: {position: 1, prefix: --names, itemSeparator: ","}}
          loud: {type: "boolean?", inputBinding: {position: 3, prefix: --loud}}
          note: "string?"
        inputBinding: {prefix: --run}
    inputBinding: {position: 1, prefix: --runs}
  plain:
    type:
      type: array
      items:
        type: record
        fields:
          x: {type: string, inputBinding: {position: 1, valueFrom: "<$(self)>"}}
    inputBinding: {position: 2}
outputs:
  argv: {type: stdout}
stdout: line.json
