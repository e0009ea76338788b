import { ReactNode } from 'react';
import { Collection } from '../../api/collection';
import { CommandButton } from '../../components/Button';
import { IRowListProps, RowList } from '../../components/RowList';
import { ListState } from './ListState';
import { OlderButton, SearchBox, useSearch } from './Search';
import { IPanelServices } from './services';

type OfRows = 'label' | 'nameOf' | 'render' | 'onOpen' | 'onSelect' | 'onRename' | 'onDragStart';

interface IListSectionProps<T extends { id: string }> extends Pick<IRowListProps<T>, OfRows> {
  services: IPanelServices;
  collection: Collection<T>;
  /** Its command `delete-…` deletes a row. */
  noun: string;
  /** The label of the search. */
  searchLabel: string;
  /** Shown while the list is empty, above the button of the command `create`. */
  none: string;
  create: string;
  /** The commands of the small buttons of a row, and what is shown before them. */
  commandsOf?: (item: T) => readonly string[];
  before?: (item: T) => ReactNode;
  /** Why a command of a row is disabled. */
  why?: string;
  /** Shown below all items. */
  children?: ReactNode;
}

/** The items of a noun in the sidebar: search, rows with their commands, and older items. */
export function ListSection<T extends { id: string }>(props: IListSectionProps<T>): JSX.Element {
  const { services, collection, noun, searchLabel, none, create, why, children, ...rows } = props;
  const { commandsOf, before, nameOf } = props;
  const { trans, commands } = services;
  const search = useSearch(collection, nameOf);
  return (
    <div className="nby-Section">
      <ListState collection={collection} trans={trans}>
        <p className="nby-Note">{none}</p>
        <p className="nby-Note">
          <CommandButton commands={commands} id={`nbyard:${create}`} />
        </p>
      </ListState>
      <SearchBox search={search} label={searchLabel} trans={trans} />
      <RowList
        {...rows}
        noun={noun}
        items={search.items}
        idOf={({ id }) => id}
        actions={
          commandsOf &&
          (item => (
            <>
              {before?.(item)}
              {commandsOf(item).map(id => (
                <CommandButton
                  key={id}
                  {...{ commands, id, why }}
                  args={{ id: item.id }}
                  tabIndex={-1}
                  bare
                />
              ))}
            </>
          ))
        }
        onDelete={({ id }) => void commands.execute(`nbyard:delete-${noun}`, { id })}
      />
      {!search.text && <OlderButton collection={collection} trans={trans} />}
      {!search.text && children}
    </div>
  );
}
