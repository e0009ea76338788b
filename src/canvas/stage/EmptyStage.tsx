import { CommandRegistry } from '@lumino/commands';
import { workflowIcon } from '../../icons/startup';
import { useCanvas } from '../model/hooks';

const EXAMPLE = 'nbyard:create-example';
const GALLERY = 'nbyard:open-gallery';

/** Ways to start an empty workflow. */
export function EmptyStage(): JSX.Element {
  const { trans, commands, services } = useCanvas();
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
        />
        {commands.hasCommand(EXAMPLE) && (
          <Way
            title={trans.__('Try the example')}
            text={trans.__('Five connected nodes that clean data, train a model and report on it.')}
            action={trans.__('Open the Penguins Example')}
            command={EXAMPLE}
            commands={commands}
          />
        )}
        {commands.hasCommand(GALLERY) && (
          <Way
            title={trans.__('Start from a template')}
            text={trans.__(
              'Workflows to change: a report, a command line, a model class and more.'
            )}
            action={trans.__('Choose a Template…')}
            command={GALLERY}
            commands={commands}
          />
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

interface IWayProps {
  title: string;
  text: string;
  action: string;
  command: string;
  args?: { path: string };
  commands: CommandRegistry;
  isFirst?: boolean;
}

function Way({ title, text, action, command, args, commands, isFirst }: IWayProps): JSX.Element {
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
    </section>
  );
}
