cwlVersion: v1.2
class: CommandLineTool
requirements:
  LoadListingRequirement: {loadListing: deep_listing}
  InitialWorkDirRequirement:
    listing:
      - $(inputs.moved)
      - $(inputs.tree.listing)
baseCommand: [sh, -c, 'cat; cat "$1" "$2" sub/b.txt; shift 2; echo "$@"', sh]
stdin: $(inputs.more.listing[0].path)
arguments:
  - $(inputs.tree.listing[0].listing[0].path)
  - $(inputs.moved.listing[0].path)
  - $(inputs.tree.listing.length)
  - $(inputs.more.listing[0].size)
  - $(inputs.tree.listing[0].basename)
inputs:
  tree: {type: Directory, loadListing: deep_listing}
  more: Directory
  moved: Directory
outputs:
  said: {type: stdout}
stdout: said.txt
