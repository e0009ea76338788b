import { useState } from 'react';
import { useAnswer } from '../../api/useAnswer';
import { Button } from '../../components/Button';
import { IRowColumn, RowTable } from '../../components/table/RowTable';
import { Refusal, Waiting } from '../../components/text/messages';
import { IPanelServices } from '../frame/services';
import { COLUMNS, ListId, Row } from './columns';

const FIRST = 100;
const MOST = 500;
/** Wait while the user types. */
const PAUSE = 300;

interface IListingProps<Id extends ListId> {
  services: IPanelServices;
  id: Id;
  label: string;
  /** Shown in place of an empty table. */
  none: string;
  user: string;
  turn: number;
  act: (failed: string, action: () => Promise<unknown>) => void;
  /** What the button of a row and the key Delete do. */
  action?: {
    label: string;
    isFor: (row: Row<Id>) => boolean;
    run: (row: Row<Id>) => Promise<unknown>;
  };
  /** What another button and the key Enter do. */
  edit?: (row: Row<Id>) => Promise<unknown>;
}

/** A table that the server fills, newest first; it is read again each `turn`. */
export function Listing<Id extends ListId>(props: IListingProps<Id>): JSX.Element {
  const { services, id, label, none, user, turn, act, action, edit } = props;
  const { yard, trans } = services;
  const [limit, setLimit] = useState(FIRST);
  const query = { limit, ...(['admin.queue', 'quotas.list'].includes(id) ? {} : { user }) };
  const asked = { query } as never;
  const { answer, problem } = useAnswer(yard.client, id, asked, { turn, pause: user ? PAUSE : 0 });
  const rows = ((answer as { items?: Row<Id>[] } | undefined)?.items ?? []) as Row<Id>[];
  const run = (row: Row<Id>) => {
    if (action?.isFor(row)) {
      act(trans.__('Not changed.'), () => action.run(row));
    }
  };
  const open = (row: Row<Id>) => {
    if (edit) {
      act(trans.__('Not changed.'), () => edit(row));
    }
  };
  const columns = COLUMNS[id](trans) as unknown as IRowColumn<Row<Id>>[];
  if (action) {
    columns.push({
      ...{ key: 'action', label: trans.__('Actions'), width: edit ? 150 : 90, isUnsorted: true },
      render: row => (
        <>
          {edit && (
            <Button tabIndex={-1} title={trans.__('Edit (Enter)')} onClick={() => open(row)}>
              {trans.__('Edit…')}
            </Button>
          )}{' '}
          {action.isFor(row) && (
            <Button
              tabIndex={-1}
              title={trans.__('%1 (Delete)', action.label)}
              onClick={() => run(row)}
            >
              {action.label}
            </Button>
          )}
        </>
      )
    });
  }
  return (
    <>
      <Refusal className="nby-Note">{problem}</Refusal>
      {!rows.length ? (
        !problem && <Waiting>{answer ? none : trans.__('Loading…')}</Waiting>
      ) : (
        <RowTable
          label={label}
          noun="of-all"
          columns={columns}
          rows={rows}
          isPart={rows.length === limit}
          idOf={row => row.id}
          sort={{ key: '', isDown: true }}
          onSort={() => undefined}
          keys={{ Delete: run }}
          onOpen={open}
          onEnd={() => setLimit(MOST)}
        />
      )}
    </>
  );
}
