/** All actions of the canvas as commands, which menus, toolbar and keys refer to. */
import { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  caretDownIcon,
  copyIcon,
  cutIcon,
  deleteIcon,
  duplicateIcon,
  editIcon,
  LabIcon,
  launcherIcon,
  pasteIcon,
  redoIcon,
  runIcon,
  stopIcon,
  undoIcon
} from '@jupyterlab/ui-components';
import { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import {
  automaticIcon,
  connectIcon,
  fitIcon,
  inspectorIcon,
  outlineIcon,
  paletteIcon,
  problemIcon,
  tidyIcon
} from '../../icons/startup';
import type { IEnd } from '../model/connecting';
import type { CanvasController } from '../model/controller';
import type * as actions from './actions';

export type Actions = typeof actions;

export interface ICanvasCommand {
  id: string;
  label: string;
  /** The label where the command does something else. */
  labelFor?: (canvas: CanvasController) => string;
  caption?: string;
  icon?: LabIcon;
  /** What the command requires to be enabled. */
  needs?: 'edit' | 'live' | 'targets' | 'undo' | 'redo';
  /** JSON schema properties of its arguments. */
  args?: ReadonlyJSONObject;
  /** Hidden in the palette because only a key makes sense. */
  quiet?: boolean;
  toggled?: (canvas: CanvasController) => boolean;
  run: (canvas: CanvasController, actions: Actions, args: ReadonlyPartialJSONObject) => unknown;
}

function runCommands(trans: TranslationBundle): ICanvasCommand[] {
  const forced = {
    force: { type: 'boolean', description: trans.__('Ignore the cache') }
  };
  const force = (args: ReadonlyPartialJSONObject) => ({ force: args.force === true });
  return [
    {
      id: 'nbyard:run-workflow',
      label: trans.__('Run Workflow'),
      caption: trans.__('Save the workflow and run it, reusing cached results'),
      icon: runIcon,
      args: forced,
      run: (canvas, { running }, args) => running.run(canvas, 'all', force(args))
    },
    {
      id: 'nbyard:run-workflow-anew',
      label: trans.__('Run Workflow Without Cache'),
      run: (canvas, { running }) => running.run(canvas, 'all', { force: true })
    },
    {
      id: 'nbyard:run-with-parameters',
      label: trans.__('Run with Parameters…'),
      caption: trans.__('Choose parameter values and a runtime for one run'),
      run: (canvas, { running }) => running.runWithParameters(canvas)
    },
    {
      id: 'nbyard:show-run-menu',
      label: trans.__('Show Run Options'),
      icon: caretDownIcon,
      quiet: true,
      run: (canvas, { showRunMenu }) => showRunMenu(canvas)
    },
    {
      id: 'nbyard:run-selected',
      label: trans.__('Run Selected Nodes'),
      needs: 'targets',
      args: forced,
      run: (canvas, { running }, args) => running.run(canvas, 'selected', force(args))
    },
    {
      id: 'nbyard:run-from-here',
      label: trans.__('Run from Here'),
      caption: trans.__('Run the selected nodes and all nodes that depend on them'),
      needs: 'targets',
      args: forced,
      run: (canvas, { running }, args) => running.run(canvas, 'from', force(args))
    },
    {
      id: 'nbyard:run-up-to-here',
      label: trans.__('Run up to Here'),
      caption: trans.__('Run the selected nodes and their dependencies'),
      needs: 'targets',
      args: forced,
      run: (canvas, { running }, args) => running.run(canvas, 'to', force(args))
    },
    {
      id: 'nbyard:stop-workflow',
      label: trans.__('Stop Run'),
      icon: stopIcon,
      needs: 'live',
      run: (canvas, { running }) => running.stop(canvas)
    }
  ];
}

function editCommands(trans: TranslationBundle): ICanvasCommand[] {
  return [
    {
      id: 'nbyard:undo',
      label: trans.__('Undo'),
      icon: undoIcon,
      needs: 'undo',
      run: canvas => canvas.doc.undo()
    },
    {
      id: 'nbyard:redo',
      label: trans.__('Redo'),
      icon: redoIcon,
      needs: 'redo',
      run: canvas => canvas.doc.redo()
    },
    {
      id: 'nbyard:add-node',
      label: trans.__('Add a Node…'),
      icon: addIcon,
      needs: 'edit',
      args: {
        path: {
          type: 'string',
          description: trans.__('Path of the file to add. Omit it to choose from a list.')
        },
        x: { type: 'number', description: trans.__('Where to add it, in pixels of the window') },
        y: { type: 'number' },
        node: { type: 'string', description: trans.__('Connect it to a port of this node') },
        port: { type: 'string' }
      },
      run: (canvas, { editing, prompts }, args) =>
        typeof args.path === 'string'
          ? editing.addFiles(canvas, [args.path])
          : prompts.quickAdd(canvas, pointOf(args), endOf(args))
    },
    {
      id: 'nbyard:copy-nodes',
      label: trans.__('Copy Nodes'),
      icon: copyIcon,
      needs: 'targets',
      run: (canvas, { clipboard, editing }) => clipboard.write(editing.copyText(canvas))
    },
    {
      id: 'nbyard:cut-nodes',
      label: trans.__('Cut Nodes'),
      icon: cutIcon,
      needs: 'targets',
      run: async (canvas, { clipboard, editing }) => {
        await clipboard.write(editing.copyText(canvas));
        editing.removeSelection(canvas);
      }
    },
    {
      id: 'nbyard:paste-nodes',
      label: trans.__('Paste Nodes'),
      icon: pasteIcon,
      needs: 'edit',
      run: async (canvas, { clipboard, editing }) =>
        editing.pasteText(canvas, await clipboard.read())
    },
    {
      id: 'nbyard:duplicate-nodes',
      label: trans.__('Duplicate Nodes'),
      icon: duplicateIcon,
      needs: 'targets',
      run: (canvas, { editing }) => editing.pasteText(canvas, editing.copyText(canvas))
    },
    {
      id: 'nbyard:delete-selection',
      label: trans.__('Delete'),
      caption: trans.__('Delete the selected nodes and connections'),
      icon: deleteIcon,
      needs: 'edit',
      run: (canvas, { editing }) => editing.removeSelection(canvas)
    },
    {
      id: 'nbyard:select-all-nodes',
      label: trans.__('Select All Nodes'),
      run: canvas => canvas.store.select(canvas.doc.nodes.keys())
    },
    {
      id: 'nbyard:connect-node',
      label: trans.__('Connect Node…'),
      caption: trans.__('Choose a connection to another node'),
      icon: connectIcon,
      needs: 'targets',
      run: (canvas, { connecting }) => connecting.connectByList(canvas, canvas.targets[0])
    },
    {
      id: 'nbyard:connect-automatically',
      label: trans.__('Connect Automatically'),
      icon: automaticIcon,
      caption: trans.__('Connect ports that match by name, type, format or file'),
      needs: 'edit',
      run: (canvas, { connecting, declaring }) => {
        connecting.connectAutomatically(canvas);
        return declaring.connectFiles(canvas);
      }
    },
    {
      id: 'nbyard:rename-node',
      label: trans.__('Rename Node…'),
      icon: editIcon,
      needs: 'targets',
      run: (canvas, { prompts }) => prompts.renameNode(canvas)
    },
    {
      id: 'nbyard:open-node',
      label: trans.__('Open File'),
      icon: launcherIcon,
      needs: 'targets',
      run: (canvas, { prompts }) => prompts.openNode(canvas)
    },
    {
      id: 'nbyard:pin-node',
      label: trans.__('Pin to This Version'),
      caption: trans.__('Always run the current version, even if the file changes'),
      needs: 'edit',
      run: (canvas, { pinning }) => pinning.pin(canvas)
    },
    {
      id: 'nbyard:follow-file',
      label: trans.__('Follow File'),
      caption: trans.__('Unpin the version and run the current file'),
      needs: 'edit',
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
    },
    {
      id: 'nbyard:tidy-workflow',
      label: trans.__('Tidy Up'),
      caption: trans.__('Arrange the nodes from left to right'),
      icon: tidyIcon,
      needs: 'edit',
      run: (canvas, { navigation }) => navigation.tidy(canvas)
    },
    ...moves(trans)
  ];
}

function pointOf({ x, y }: ReadonlyPartialJSONObject): { x: number; y: number } | undefined {
  return typeof x === 'number' && typeof y === 'number' ? { x, y } : undefined;
}

function endOf({ node, port }: ReadonlyPartialJSONObject): IEnd | undefined {
  return typeof node === 'string' && typeof port === 'string' ? { node, port } : undefined;
}

function moves(trans: TranslationBundle): ICanvasCommand[] {
  const step = 20;
  const move = (id: string, label: string, dx: number, dy: number): ICanvasCommand => ({
    id: `nbyard:move-node-${id}`,
    label,
    needs: 'targets',
    quiet: true,
    run: (canvas, { editing }) => editing.move(canvas, dx * step, dy * step)
  });
  return [
    move('left', trans.__('Move Node Left'), -1, 0),
    move('right', trans.__('Move Node Right'), 1, 0),
    move('up', trans.__('Move Node Up'), 0, -1),
    move('down', trans.__('Move Node Down'), 0, 1)
  ];
}

function viewCommands(trans: TranslationBundle): ICanvasCommand[] {
  const focus = (direction: 'left' | 'right' | 'up' | 'down', label: string): ICanvasCommand => ({
    id: `nbyard:focus-${direction}`,
    label,
    quiet: true,
    run: (canvas, { navigation }) => navigation.focusDirection(canvas, direction)
  });
  return [
    {
      id: 'nbyard:toggle-palette',
      label: trans.__('Show Datasets and Executables'),
      icon: paletteIcon,
      toggled: canvas => canvas.ui.palette,
      run: canvas => canvas.set({ palette: !canvas.ui.palette })
    },
    {
      id: 'nbyard:toggle-inspector',
      label: trans.__('Show Inspector'),
      caption: trans.__('Show settings of the selected node, or of the workflow'),
      icon: inspectorIcon,
      toggled: canvas => canvas.ui.inspector,
      run: canvas => canvas.showInspector(!canvas.ui.inspector)
    },
    {
      id: 'nbyard:inspect-node',
      label: trans.__('Edit Node Parameters'),
      needs: 'targets',
      run: (canvas, { prompts }) => prompts.inspect(canvas)
    },
    {
      id: 'nbyard:toggle-outline',
      label: trans.__('Show as Table'),
      icon: outlineIcon,
      toggled: canvas => canvas.ui.outline,
      run: canvas => canvas.toggleOutline()
    },
    {
      id: 'nbyard:find-node',
      label: trans.__('Find Node…'),
      caption: trans.__('Find a node by name, is:failed or kind:notebook'),
      run: (canvas, { prompts }) => prompts.findNode(canvas)
    },
    {
      id: 'nbyard:fit-workflow',
      label: trans.__('Fit Workflow into View'),
      icon: fitIcon,
      run: (canvas, { navigation }) => navigation.fit(canvas, { isWhole: true })
    },
    {
      id: 'nbyard:zoom-in',
      label: trans.__('Zoom In'),
      run: canvas => canvas.flow?.zoomIn()
    },
    {
      id: 'nbyard:zoom-out',
      label: trans.__('Zoom Out'),
      run: canvas => canvas.flow?.zoomOut()
    },
    {
      id: 'nbyard:next-problem',
      label: trans.__('Go to Next Problem'),
      icon: problemIcon,
      run: (canvas, { navigation }) => navigation.nextProblem(canvas)
    },
    {
      id: 'nbyard:show-canvas-keys',
      label: trans.__('Show Canvas Shortcuts'),
      run: (canvas, { showKeys }) => showKeys(canvas)
    },
    {
      id: 'nbyard:clear-selection',
      label: trans.__('Clear Selection'),
      quiet: true,
      run: canvas => canvas.clearSelection()
    },
    focus('left', trans.__('Go to Node on the Left')),
    focus('right', trans.__('Go to Node on the Right')),
    focus('up', trans.__('Go to Node Above')),
    focus('down', trans.__('Go to Node Below'))
  ];
}

export function commandTable(trans: TranslationBundle): ICanvasCommand[] {
  return [...runCommands(trans), ...editCommands(trans), ...viewCommands(trans)];
}
