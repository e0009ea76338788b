import { useState } from 'react';
import { Button } from '../../../components/Button';
import { Inspection } from '../../../api/types';
import { reasonText } from '../../../reasons';
import { IPanelServices } from '../../frame/services';

interface IAskHelpProps {
  services: IPanelServices;
  of: { path?: string; upload?: string; executable?: string };
  onRead: (inspection: Inspection) => void;
}

/** Runs the program with `--help` on a click, and passes on what was read. */
export function AskHelp({ services, of, onRead }: IAskHelpProps): JSX.Element {
  const { yard, trans } = services;
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<readonly string[]>([]);
  const ask = async () => {
    setBusy(true);
    setSaid([]);
    try {
      const answer = await yard.client.call('executables.help', { body: of });
      setSaid((answer.hints ?? []).map(hint => reasonText(hint, trans)));
      if (answer.arguments.length) {
        onRead(answer);
      }
    } catch (error) {
      setSaid([(error as Error).message]);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button
        disabled={busy}
        title={trans.__('Run the program once, for at most ten seconds. No file is saved.')}
        onClick={() => void ask()}
      >
        {busy ? trans.__('Reading…') : trans.__('Read --help')}
      </Button>
      <span role="status">{said.join(' ')}</span>
    </>
  );
}
