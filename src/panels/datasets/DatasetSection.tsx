import { closeIcon } from '@jupyterlab/ui-components';
import { useEffect, useRef, useState } from 'react';
import { Dataset } from '../../api/types';
import { Button, CommandButton } from '../../components/Button';
import { dataKind } from '../../components/format/dataKinds';
import { showBytes } from '../../components/format/bytes';
import { isOwner } from '../../components/format/roles';
import { RowList } from '../../components/RowList';
import { stateText } from '../../components/StateMark';
import { useSignal } from '../../components/hooks/useSignal';
import { kindIcon } from '../../icons/items';
import { REF_MIME } from '../../document/dragTypes';
import { datasetRow, isUsable } from '../palette/paletteRows';
import { OlderButton, SearchBox, useSearch } from '../frame/Search';
import { ListState } from '../frame/ListState';
import { focusRow } from '../frame/focusRow';
import { IPanelServices } from '../frame/services';
import { SideRow } from '../frame/SideRow';
import { openDataset } from './open';
import { IUploadRow, Uploads, uploads } from './uploads';
import { reasonText } from '../../reasons';

const READY_ACTIONS = ['notebook-from-dataset', 'workflow-from-dataset', 'download-dataset'];
const OTHER_ACTIONS = ['delete-dataset'];

const nameOf = ({ name }: Dataset) => name;

/** Datasets in the sidebar: rows and running uploads. */
export function DatasetSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const { datasets } = yard;
  const search = useSearch(datasets, nameOf);
  const sending = useSignal(uploads.changed, () => uploads.rows);
  const [said, setSaid] = useState('');
  const section = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const onMade = (_: Uploads, { id, name, current }: Dataset) => {
      setSaid(trans.__('Uploaded %1 (version %2)', name, current.number));
      const { activeElement } = document;
      if (activeElement === document.body || section.current?.contains(activeElement)) {
        focusRow('dataset', id); // the button that was pressed is gone
      }
    };
    uploads.made.connect(onMade);
    return () => void uploads.made.disconnect(onMade);
  }, [trans]);
  return (
    <div ref={section} className="nby-Section">
      <div className="nby-Sr" role="status">
        {said}
      </div>
      {sending.map(row => (
        <Sending key={row.id} row={row} services={services} />
      ))}
      <ListState collection={datasets} trans={trans}>
        <p className="nby-Note">{trans.__('Drop a file or folder here, or')}</p>
        <p className="nby-Note">
          <CommandButton commands={commands} id="nbyard:upload-dataset" />
        </p>
      </ListState>
      <SearchBox search={search} label={trans.__('Search datasets')} trans={trans} />
      <RowList
        label={trans.__('Datasets')}
        noun="dataset"
        items={search.items}
        idOf={({ id }) => id}
        nameOf={nameOf}
        render={dataset => <Row dataset={dataset} services={services} />}
        actions={dataset =>
          (dataset.current.state === 'ready'
            ? READY_ACTIONS
            : isOwner(dataset)
              ? OTHER_ACTIONS
              : []
          ).map(action => (
            <CommandButton
              key={action}
              commands={commands}
              id={`nbyard:${action}`}
              args={{ id: dataset.id }}
              tabIndex={-1}
              bare
            />
          ))
        }
        onOpen={({ id }) => openDataset(services, id)}
        onDelete={({ id }) => void commands.execute('nbyard:delete-dataset', { id })}
        onRename={({ id }) => void commands.execute('nbyard:rename-dataset', { id })}
        onDragStart={(dataset, event) => {
          if (!isUsable(dataset)) {
            event.preventDefault();
            return;
          }
          event.dataTransfer.setData(REF_MIME, JSON.stringify(datasetRow(dataset)));
          event.dataTransfer.effectAllowed = 'copy';
        }}
      />
      {!search.text && <OlderButton collection={datasets} trans={trans} />}
    </div>
  );
}

function Row({ dataset, services }: { dataset: Dataset; services: IPanelServices }): JSX.Element {
  const { trans } = services;
  const { name, current } = dataset;
  const { state, rows, columns, size_bytes, bytes_done, number } = current;
  const size = typeof size_bytes === 'number' ? showBytes(size_bytes) : '';
  const shape = typeof rows === 'number' ? `${rows.toLocaleString()} × ${columns}` : '';
  const reason = reasonText(current.reason, trans);
  const known = [name, reason, shape, size, current.digest, dataset.id];
  const facts = {
    importing: (
      <>
        {stateText(state, trans)}{' '}
        <progress
          className="nby-Progress"
          aria-label={trans.__('Import of “%1”', name)}
          max={size_bytes ?? undefined}
          value={size_bytes ? bytes_done : undefined}
        />{' '}
        {!!bytes_done && showBytes(bytes_done)}
      </>
    ),
    failed: [stateText(state, trans), reason].filter(Boolean).join(' · '),
    ready: [shape, current.format, number > 1 && `v${number}`].filter(Boolean).join(' · ')
  };
  return (
    <SideRow
      icon={kindIcon(dataKind(current.format))}
      accent={state === 'ready' ? 'is-dataset' : state}
      name={name}
      owner={dataset.owner}
      aside={state === 'ready' && size}
      detail={facts[state]}
      title={known.filter(Boolean).join('\n')}
    />
  );
}

function Sending({ row, services }: { row: IUploadRow; services: IPanelServices }): JSX.Element {
  const { trans } = services;
  const { name, done, total, problem, taken, archive, cancel } = row;
  const asks = !!problem || !!archive;
  const own = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (asks) {
      own.current?.scrollIntoView?.({ block: 'nearest' });
    }
  }, [asks]);
  const leave = asks ? trans.__('Dismiss') : trans.__('Cancel the upload');
  return (
    <div ref={own} className="nby-Sending" role={asks ? 'alert' : undefined}>
      <span className="nby-Row-name">{name}</span>
      {cancel && (
        <Button className="nby-mod-bare" title={leave} aria-label={leave} onClick={cancel}>
          <closeIcon.react tag="span" className="nby-Icon" />
        </Button>
      )}
      {asks ? (
        <>
          <span className={`nby-Sending-said${problem && !taken ? ' nby-Field-error' : ''}`}>
            {archive
              ? trans.__('This file is an archive. Import the folder in it?')
              : taken
                ? trans.__('A dataset of this name already exists.')
                : problem}
          </span>
          <Offers row={row} services={services} />
        </>
      ) : (
        <span className="nby-Sending-said nby-Dim">
          <progress
            className="nby-Progress"
            aria-label={trans.__('Upload of “%1”', name)}
            max={total || 1}
            value={done}
          />{' '}
          {cancel
            ? trans.__('%1 of %2', showBytes(done), showBytes(total))
            : trans.__('%1, storing…', showBytes(total))}
        </span>
      )}
    </div>
  );
}

/** Buttons for an upload that needs a decision. */
function Offers({ row, services }: { row: IUploadRow; services: IPanelServices }): JSX.Element {
  const { trans, yard } = services;
  const { name, taken, archive, again } = row;
  const known = yard.datasets.items.find(dataset => dataset.name === name);
  const offers: [string, (() => void) | undefined][] = [
    [trans.__('Unpack'), archive?.unpack],
    [trans.__('Keep as It Is'), archive?.keep],
    [
      known
        ? trans.__('Add as Version %1', known.current.number + 1)
        : trans.__('Add as New Version'),
      taken?.version
    ],
    [trans.__('Keep both'), taken?.both],
    [trans.__('Try Again'), again]
  ];
  return (
    <>
      {offers.map(
        ([label, act]) =>
          act && (
            <Button key={label} onClick={act}>
              {label}
            </Button>
          )
      )}
    </>
  );
}
