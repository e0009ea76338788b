cwlVersion: v1.2
class: CommandLineTool
baseCommand: [python3, -c, "import json, sys; json.dump(sys.argv[1:], sys.stdout)"]
requirements:
  ResourceRequirement: {coresMin: 1, ramMin: 512, ramMax: 512}
arguments:
  - $(inputs.data.path)
  - $(inputs.data.basename)
  - $(inputs.data.nameroot)
  - $(inputs.data.nameext)
  - $(inputs.data.size)
  - $(inputs['data'].nameroot)_$(inputs.number).txt
  - $(runtime.cores)
  - $(runtime.ram)
  - "\\$(inputs.number) is $(inputs.number)"
  - $(inputs.words[1])
  - $(inputs.absent)
  - prefix:$(inputs.words)
inputs:
  data: {type: File, inputBinding: {position: 1, valueFrom: $(self.nameroot).out}}
  number: int
  words: "string[]"
  constant: {type: int, inputBinding: {position: 2, prefix: -c, valueFrom: other}}
  absent: {type: "string?", inputBinding: {position: 3, valueFrom: never}}
outputs:
  argv: {type: stdout}
stdout: line.json
