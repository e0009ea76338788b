cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'echo a > a.txt; echo ai > a.txt.idx; mkdir kept; echo in > kept/in.txt; echo 7 > seven; exit 3']
successCodes: [3]
inputs:
  code: {type: int, default: 1}
outputs:
  made:
    type:
      type: record
      fields:
        table: {type: File, secondaryFiles: .idx, outputBinding: {glob: "*.txt"}}
        inner:
          type:
            type: record
            fields:
              many: {type: "File[]", outputBinding: {glob: ["a*", seven]}}
              code: {type: int, outputBinding: {outputEval: $(runtime.exitCode)}}
        kept: {type: Directory, outputBinding: {glob: kept}}
        none: {type: "File?", outputBinding: {glob: "*.none"}}
  code: {type: int, outputBinding: {outputEval: $(inputs.code)}}
  maybe:
    type: ["null", {type: record, fields: {gone: {type: File, outputBinding: {glob: "*.none"}}}}]
