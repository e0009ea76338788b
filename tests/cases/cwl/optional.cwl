cwlVersion: v1.2
class: CommandLineTool
baseCommand: [python3, -c, "import json, sys; json.dump(sys.argv[1:], sys.stdout)"]
inputs:
  given:
    type:
      - "null"
      - type: record
        fields:
          data: {type: File, inputBinding: {position: 2, prefix: --data}}
          more: {type: "int?", inputBinding: {position: 1, prefix: --more}}
    inputBinding: {position: 1}
  absent:
    type:
      - "null"
      - type: record
        fields:
          late: {type: int, inputBinding: {position: 5, prefix: --late}}
  outer:
    type:
      type: record
      fields:
        word: {type: string, inputBinding: {position: 9}}
        inner:
          type:
            type: record
            fields:
              deep: {type: int, inputBinding: {position: 2, prefix: --deep}}
              deeper:
                type:
                  - "null"
                  - type: record
                    fields:
                      last: {type: string, inputBinding: {position: 1}}
                inputBinding: {position: 1}
          inputBinding: {position: 3, prefix: --inner}
    inputBinding: {position: 2, prefix: --outer}
  said: {type: string, inputBinding: {position: 4, valueFrom: $(inputs.outer.inner.deep)-$(self)}}
outputs:
  argv: {type: stdout}
stdout: line.json
