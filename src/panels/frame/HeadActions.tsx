import { TranslationBundle } from '@jupyterlab/translation';
import { ellipsesIcon, LabIcon, MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { Button, CommandButton } from '../../components/Button';

interface IHeadActionsProps {
  commands: CommandRegistry;
  /** The ids of commands; those that delete are in a menu. */
  ids: readonly string[];
  args: { id: string };
  /** The title of disabled buttons. */
  why?: string;
  trans: TranslationBundle;
}

const DELETES = /^nbyard:delete-/;

/** The actions in the head of a page: buttons, and a menu with what deletes. */
export function HeadActions({ ids, trans, ...shared }: IHeadActionsProps): JSX.Element {
  const { commands, args } = shared;
  const deletes = ids.filter(id => DELETES.test(id));
  return (
    <>
      {ids
        .filter(id => !DELETES.test(id))
        .map(id => (
          <CommandButton key={id} {...shared} id={id} />
        ))}
      <MoreActions
        trans={trans}
        actions={deletes.map(id => ({
          label: commands.label(id, args),
          icon: commands.icon(id, args) as LabIcon,
          execute: () => commands.execute(id, args)
        }))}
      />
    </>
  );
}

interface IAction {
  label: string;
  icon: LabIcon;
  execute: () => unknown;
}

interface IMoreActionsProps {
  actions: readonly IAction[];
  trans: TranslationBundle;
}

/** A button that opens a menu; nothing without actions. */
export function MoreActions({ actions, trans }: IMoreActionsProps): JSX.Element | null {
  const label = trans.__('More Actions');
  const show = (button: HTMLElement, isByKey: boolean) => {
    const commands = new CommandRegistry();
    const menu = new MenuSvg({ commands });
    for (const action of actions) {
      commands.addCommand(action.label, { ...action, describedBy: {} });
      menu.addItem({ command: action.label });
    }
    menu.aboutToClose.connect(() => {
      button.focus();
      window.setTimeout(() => menu.dispose());
    });
    const { left, bottom } = button.getBoundingClientRect();
    menu.open(left, bottom);
    menu.activeIndex = isByKey ? 0 : -1;
  };
  return actions.length ? (
    <Button
      className="nby-mod-bare"
      title={label}
      aria-label={label}
      aria-haspopup="menu"
      onClick={({ currentTarget, detail }) => show(currentTarget, !detail)}
    >
      <ellipsesIcon.react tag="span" className="nby-Icon" />
    </Button>
  ) : null;
}
