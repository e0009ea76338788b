import { PageConfig } from '@jupyterlab/coreutils';
import { LabIcon } from '@jupyterlab/ui-components';
import { ReactNode } from 'react';

interface ISideRowProps {
  icon: LabIcon;
  /** The colour of the icon: that of a kind or of a state. */
  accent?: string;
  /** The state as a word, if the icon shows it. */
  state?: string;
  name: string;
  /** Named if it is another user of a shared store. */
  owner?: string;
  /** Small text at the right of the name. */
  aside?: ReactNode;
  /** The second line. */
  detail?: ReactNode;
  /** At the right of the second line. */
  strip?: ReactNode;
  /** Everything that is known, for the pointer. */
  title?: string;
}

/** A row of the sidebar: icon, name and time, and below a line of secondary text. */
export function SideRow(props: ISideRowProps): JSX.Element {
  const { icon: Icon, accent, state, name, owner, aside, detail, strip, title } = props;
  const own = PageConfig.getOption('nbyardOwner');
  const isOther = own && owner && owner !== own;
  return (
    <div className="nby-SideRow" title={title}>
      <span className={`nby-SideRow-icon${accent ? ` nby-mod-${accent}` : ''}`} title={state}>
        <Icon.react tag="span" className="nby-Icon" />
        {state && <span className="nby-Sr">{state}</span>}
      </span>
      <span className="nby-Row-name">{isOther ? `${owner}/${name}` : name}</span>
      <span className="nby-SideRow-aside">{aside}</span>
      <span className="nby-SideRow-second">
        <span className="nby-SideRow-detail">{detail}</span>
        {strip}
      </span>
    </div>
  );
}
