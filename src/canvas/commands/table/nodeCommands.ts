/** Commands that change how the selected nodes run. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ICanvasCommand } from './command';

export function nodeCommands(trans: TranslationBundle): ICanvasCommand[] {
  return [
    {
      id: 'nbyard:pin-node',
      label: trans.__('Pin to This Version'),
      caption: trans.__('Keep running this version of the file, also after the file changes'),
      needs: 'edit',
      run: (canvas, { pinning }) => pinning.pin(canvas)
    },
    {
      id: 'nbyard:follow-file',
      label: trans.__('Follow File'),
      caption: trans.__('Unpin the version and run the current file'),
      needs: 'edit',
      allowed: ({ doc, targets }) => targets.some(id => doc.nodes.get(id)?.has('version')),
      run: (canvas, { pinning }) => pinning.follow(canvas)
    },
    {
      id: 'nbyard:pin-result',
      label: trans.__('Pin Result'),
      caption: trans.__('Reuse the newest result in later runs'),
      needs: 'edit',
      labelFor: canvas => (canvas.isPinned ? trans.__('Unpin Result') : trans.__('Pin Result')),
      run: (canvas, { pinning }) => pinning.pinResult(canvas)
    },
    {
      id: 'nbyard:choose-result',
      label: trans.__('Pin Another Result…'),
      caption: trans.__('Choose the run whose result later runs reuse'),
      needs: 'edit',
      run: (canvas, { pinning }) => pinning.chooseResult(canvas)
    },
    {
      id: 'nbyard:mute-node',
      label: trans.__('Mute'),
      caption: trans.__('Do not run the selected nodes and the nodes that depend on them'),
      needs: 'edit',
      labelFor: canvas => (canvas.hasMode('muted') ? trans.__('Unmute') : trans.__('Mute')),
      run: (canvas, { modes }) => modes.toggleMode(canvas, 'muted')
    },
    {
      id: 'nbyard:bypass-node',
      label: trans.__('Bypass'),
      caption: trans.__('Do not run the selected nodes; pass their inputs to the next nodes'),
      needs: 'edit',
      labelFor: canvas =>
        canvas.hasMode('bypassed') ? trans.__('Remove Bypass') : trans.__('Bypass'),
      run: (canvas, { modes }) => modes.toggleMode(canvas, 'bypassed')
    },
    {
      id: 'nbyard:choose-resources',
      label: trans.__('Choose Resources…'),
      caption: trans.__('Choose GPUs and the runtime of the selected nodes'),
      needs: 'edit',
      run: (canvas, { prompts }) => prompts.chooseResources(canvas)
    },
    {
      id: 'nbyard:deploy-node',
      label: trans.__('Deploy Model'),
      caption: trans.__('Deploy the model file, or the model from the newest run'),
      needs: 'targets',
      run: (canvas, { prompts }) => prompts.deployNode(canvas)
    }
  ];
}
