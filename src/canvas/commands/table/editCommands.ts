/** Commands that add, copy, connect and delete nodes. */
import { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  copyIcon,
  cutIcon,
  deleteIcon,
  duplicateIcon,
  editIcon,
  pasteIcon,
  redoIcon,
  undoIcon
} from '@jupyterlab/ui-components';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { automaticIcon, connectIcon } from '../../../icons/startup';
import type { IEnd } from '../../model/connecting';
import { ICanvasCommand } from './command';

export function editCommands(trans: TranslationBundle): ICanvasCommand[] {
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
      id: 'nbyard:add-comment',
      label: trans.__('Add Comment'),
      caption: trans.__('Add a text in Markdown beside the nodes'),
      needs: 'edit',
      run: (canvas, { comments }) => comments.addComment(canvas)
    },
    {
      id: 'nbyard:edit-comment',
      label: trans.__('Edit Comment'),
      needs: 'edit',
      quiet: true,
      run: (canvas, { comments }) => comments.editComment(canvas)
    },
    {
      id: 'nbyard:copy-nodes',
      label: trans.__('Copy Nodes'),
      icon: copyIcon,
      needs: 'targets',
      run: (canvas, { clipboard, editing }) => clipboard.write(editing.clipboardText(canvas))
    },
    {
      id: 'nbyard:cut-nodes',
      label: trans.__('Cut Nodes'),
      icon: cutIcon,
      needs: 'targets',
      run: async (canvas, { clipboard, editing }) => {
        await clipboard.write(editing.clipboardText(canvas));
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
      run: (canvas, { editing }) => editing.pasteText(canvas, editing.clipboardText(canvas))
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
      id: 'nbyard:connect-node',
      label: trans.__('Connect Node…'),
      caption: trans.__('Choose a connection to another node'),
      icon: connectIcon,
      needs: 'targets',
      run: (canvas, { prompts }) => prompts.connectNode(canvas)
    },
    {
      id: 'nbyard:connect-automatically',
      label: trans.__('Connect Automatically'),
      icon: automaticIcon,
      caption: trans.__('Connect Automatically: ports that match by name, type, format or file'),
      needs: 'edit',
      args: {
        node: { type: 'string', description: trans.__('Declare a file that this node opens') },
        path: { type: 'string' }
      },
      run: (canvas, { connectAutomatically }, args) => connectAutomatically(canvas, args)
    },
    {
      id: 'nbyard:rename-node',
      label: trans.__('Rename…'),
      icon: editIcon,
      needs: 'targets',
      allowed: ({ chosen }) => chosen.length < 2,
      run: (canvas, { prompts }) => prompts.rename(canvas)
    }
  ];
}

function pointOf({ x, y }: ReadonlyPartialJSONObject): { x: number; y: number } | undefined {
  return typeof x === 'number' && typeof y === 'number' ? { x, y } : undefined;
}

function endOf({ node, port }: ReadonlyPartialJSONObject): IEnd | undefined {
  return typeof node === 'string' && typeof port === 'string' ? { node, port } : undefined;
}
