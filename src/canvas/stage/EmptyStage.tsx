import { PathExt } from '@jupyterlab/coreutils';
import { CommandRegistry } from '@lumino/commands';
import { ReactNode } from 'react';
import { LinkButton } from '../../components/Button';
import { workflowIcon } from '../../icons/startup';
import { CanvasController } from '../model/controller';
import { addFiles } from '../model/editing';
import { useCanvas } from '../model/hooks';

const EXAMPLE = 'nbyard:create-example';

/** Three ways to start an empty workflow. */
export function EmptyStage(): JSX.Element {
  const canvas = useCanvas();
  const { trans, commands, services } = canvas;
  const notebook = services.openNotebook?.();
  return (
    <div className="nby-Empty">
      <workflowIcon.react tag="span" className="nby-Empty-icon" />
      <h2>{trans.__('Start your workflow')}</h2>
      <div className="nby-Empty-ways">
        <Way
          title={trans.__('Drag files here')}
          text={trans.__(
            'Notebooks, scripts and data from the file browser or the list on the left. Each file becomes a node.'
          )}
          action={trans.__('Add a Node… (A)')}
          command="nbyard:add-node"
          commands={commands}
          isFirst
        >
          {services.backend && !canvas.readOnly && (
            <LinkButton onClick={() => void addFolder(canvas)}>
              {trans.__('Add the Code of This Folder')}
            </LinkButton>
          )}
        </Way>
        {commands.hasCommand(EXAMPLE) && (
          <Way
            title={trans.__('Try the example')}
            text={trans.__('Five connected nodes that clean data, train a model and report on it.')}
            action={trans.__('Open the Penguins Example')}
            command={EXAMPLE}
            commands={commands}
          >
            <LinkButton onClick={() => void commands.execute('nbyard:open-gallery')}>
              {trans.__('Choose a Template…')}
            </LinkButton>
          </Way>
        )}
        {notebook && (
          <Way
            title={trans.__('Use the open notebook')}
            text={trans.__('%1 becomes the first node.', notebook)}
            action={trans.__('Add the Notebook')}
            command="nbyard:add-node"
            args={{ path: notebook }}
            commands={commands}
          />
        )}
      </div>
    </div>
  );
}

/** Add the notebooks and scripts of the workflow's folder; the canvas then offers to connect them. */
async function addFolder(canvas: CanvasController): Promise<void> {
  const { path, services, trans } = canvas;
  try {
    const codes = await services.backend!.codeFiles(PathExt.dirname(path) || '.');
    await addFiles(canvas, codes);
    if (!codes.length) {
      canvas.say(trans.__('This folder contains no notebook and no Python script.'));
    }
  } catch (error) {
    canvas.say(error instanceof Error ? error.message : String(error), true);
  }
}

interface IWayProps {
  title: string;
  text: string;
  action: string;
  command: string;
  args?: { path: string };
  commands: CommandRegistry;
  isFirst?: boolean;
  /** A second button. */
  children?: ReactNode;
}

function Way(props: IWayProps): JSX.Element {
  const { title, text, action, command, args, commands, isFirst, children } = props;
  return (
    <section className="nby-Empty-way">
      <h3>{title}</h3>
      <p>{text}</p>
      <button
        type="button"
        className={`nby-Button${isFirst ? ' nby-mod-primary' : ''}`}
        onClick={() => void commands.execute(command, args)}
      >
        {action}
      </button>
      {children}
    </section>
  );
}
