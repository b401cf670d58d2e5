using System.Globalization;
using ConcertDapr.Sidecar.State;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf;

namespace ConcertDapr.Sidecar.Workflows;

/// <summary>
/// The rows of workflow instances, in daprd's layout and encodings:
/// <code>
/// {appId}||dapr.internal.{namespace}.{appId}.workflow||{id}||metadata        lengths and generation
///                                                          ||history-000000  HistoryEvent …
///                                                          ||inbox-000000    HistoryEvent …
///                                                          ||customStatus    google.protobuf.StringValue
/// </code>
/// Each change of an instance is one transaction whose metadata row says how many of the other rows count. It is carried out only
/// if the metadata row is still the one that the change was made for: a write that was held up for long, or a Redis that
/// came back without its last second, cannot mix the rows of two histories.
/// </summary>
internal sealed class WorkflowStore(IStateStore store, WorkflowOptions options)
{
    private const string MetadataName = "metadata";
    private readonly string _prefix = $"{options.AppId}||dapr.internal.{options.Namespace}.{options.AppId}.workflow||";

    /// <summary>The instance's state and its metadata row, or nulls where there is none.</summary>
    /// <exception cref="InvalidDataException">The metadata declares a row that is missing.</exception>
    public async Task<(InstanceState? State, ReadOnlyMemory<byte>? Metadata)> LoadAsync(string id, CancellationToken cancellationToken)
    {
        for (var key = Key(id, MetadataName); await store.GetAsync(key, cancellationToken) is { } item;)
        {
            var metadata = WorkflowStateMetadata.Parser.ParseFrom(item.Data.Span);
            string[] names = [.. Names("history", metadata.HistoryLength), .. Names("inbox", metadata.InboxLength), "customStatus"];
            var rows = await store.GetManyAsync([.. names.Select(name => Key(id, name)), key], cancellationToken);
            // A write that was under way, or a Redis that came back without its last second, may have come between the two reads.
            if (rows[^1]?.Data.Span.SequenceEqual(item.Data.Span) != true)
                continue;
            var events = rows.SkipLast(2).Select((row, i) => row is null
                ? throw new InvalidDataException($"workflow '{id}': key '{names[i]}' declared in metadata but missing from state store")
                : HistoryEvent.Parser.ParseFrom(row.Data.Span)).ToList();
            var history = (int)metadata.HistoryLength;
            return (InstanceState.FromRows(events.Take(history), events.Skip(history), metadata.Generation, DecodeStatus(rows[^2])), item.Data);
        }
        return (null, null);
    }

    /// <summary>Ids of all instances, in no order.</summary>
    public async IAsyncEnumerable<string> ListAsync()
    {
        await foreach (var key in store.ListKeysAsync(_prefix, "||" + MetadataName))
            yield return key[_prefix.Length..^("||".Length + MetadataName.Length)];
    }

    /// <summary>The last event of an instance's history, or null where there is none (yet).</summary>
    public async Task<HistoryEvent?> LastEventAsync(string id, CancellationToken cancellationToken)
    {
        if (await store.GetAsync(Key(id, MetadataName), cancellationToken) is not { } item)
            return null;
        var length = WorkflowStateMetadata.Parser.ParseFrom(item.Data.Span).HistoryLength;
        var last = length == 0 ? null : await store.GetAsync(Key(id, Name("history", length - 1)), cancellationToken);
        return last is null ? null : HistoryEvent.Parser.ParseFrom(last.Data.Span);
    }

    /// <summary>Carries out one change of an instance whose metadata row is <paramref name="before"/>; tells what it is then.</summary>
    /// <param name="maybeDone">An earlier attempt may have been carried out without an answer.</param>
    /// <exception cref="UnexpectedStateException">The row is another one; nothing was written.</exception>
    public async Task<ReadOnlyMemory<byte>?> WriteAsync(
        string id, ReadOnlyMemory<byte>? before, IReadOnlyList<StateOperation> change, bool maybeDone, CancellationToken cancellationToken)
    {
        // Each change ends with the metadata row.
        ReadOnlyMemory<byte>? after = change[^1] is StateSet set ? set.Data : null;
        try
        {
            await store.TransactAsync([new StateExpect(Key(id, MetadataName), before), .. change], cancellationToken);
        }
        catch (UnexpectedStateException) when (maybeDone)
        {
            var now = (await store.GetAsync(Key(id, MetadataName), cancellationToken))?.Data;
            if (now is { } found ? after is not { } wanted || !found.Span.SequenceEqual(wanted.Span) : after is not null)
                throw;
        }
        return after;
    }

    /// <summary>Replaces whatever is stored by a fresh instance with this inbox.</summary>
    public List<StateOperation> Create(string id, InstanceState? old, IReadOnlyList<HistoryEvent> inbox)
    {
        var operations = old is null ? [] : Deletions(id, old, keepInbox: inbox.Count);
        AddRows(operations, id, "inbox", 0, inbox);
        operations.Add(Metadata(id, history: 0, inbox.Count, generation: 1));
        return operations;
    }

    /// <summary>A new instance that begins with this history.</summary>
    public List<StateOperation> Copy(string id, IReadOnlyList<HistoryEvent> history)
    {
        var operations = new List<StateOperation>();
        AddRows(operations, id, "history", 0, history);
        operations.Add(Status(id, null));
        operations.Add(Metadata(id, history.Count, inbox: 0, generation: 1));
        return operations;
    }

    public List<StateOperation> Arrival(string id, InstanceState state, HistoryEvent e) =>
    [
        Row(id, Name("inbox", (ulong)state.Inbox.Count), e),
        Metadata(id, state.History.Count, state.Inbox.Count + 1, state.Generation),
    ];

    public List<StateOperation> Advance(string id, InstanceState state, HistoryEvent workflowStarted, int taken,
        IReadOnlyList<HistoryEvent> actions, string? customStatus)
    {
        var operations = new List<StateOperation>();
        List<HistoryEvent> appended = [workflowStarted, .. state.Inbox.Take(taken), .. actions];
        AddRows(operations, id, "history", state.History.Count, appended);
        ReplaceInbox(operations, id, state, [.. state.Inbox.Skip(taken)]);
        if (state.History.Count == 0 || customStatus != state.CustomStatus)
            operations.Add(Status(id, customStatus));
        operations.Add(Metadata(id, state.History.Count + appended.Count, state.Inbox.Count - taken, state.Generation));
        return operations;
    }

    public List<StateOperation> Restart(string id, InstanceState state, IReadOnlyList<HistoryEvent> inbox, string? customStatus)
    {
        var operations = new List<StateOperation>();
        for (var i = 0; i < state.History.Count; i++)
            operations.Add(new StateDelete(Key(id, Name("history", (ulong)i))));
        ReplaceInbox(operations, id, state, inbox);
        operations.Add(Status(id, customStatus));
        operations.Add(Metadata(id, 0, inbox.Count, state.Generation + 1));
        return operations;
    }

    public List<StateOperation> Stall(string id, InstanceState state, HistoryEvent stalled) =>
    [
        Row(id, Name("history", (ulong)state.History.Count), stalled),
        Metadata(id, state.History.Count + 1, state.Inbox.Count, state.Generation),
    ];

    public List<StateOperation> Purge(string id, InstanceState state) =>
        [.. Deletions(id, state, keepInbox: 0), new StateDelete(Key(id, MetadataName))];

    private List<StateOperation> Deletions(string id, InstanceState state, int keepInbox)
    {
        var names = Names("history", (ulong)state.History.Count)
            .Concat(Names("inbox", (ulong)state.Inbox.Count).Skip(keepInbox)).Append("customStatus");
        return [.. names.Select(name => new StateDelete(Key(id, name)))];
    }

    private void ReplaceInbox(List<StateOperation> operations, string id, InstanceState state, IReadOnlyList<HistoryEvent> inbox)
    {
        AddRows(operations, id, "inbox", 0, inbox);
        for (var i = inbox.Count; i < state.Inbox.Count; i++)
            operations.Add(new StateDelete(Key(id, Name("inbox", (ulong)i))));
    }

    private void AddRows(List<StateOperation> operations, string id, string kind, int from, IEnumerable<HistoryEvent> events)
    {
        foreach (var e in events)
            operations.Add(Row(id, Name(kind, (ulong)from++), e));
    }

    private StateSet Row(string id, string name, HistoryEvent e) => new(Key(id, name), e.ToByteArray());

    private StateSet Status(string id, string? text) => new(Key(id, "customStatus"),
        text is null ? ReadOnlyMemory<byte>.Empty : new Google.Protobuf.WellKnownTypes.StringValue { Value = text }.ToByteArray());

    private StateSet Metadata(string id, int history, int inbox, ulong generation) => new(Key(id, MetadataName),
        new WorkflowStateMetadata { HistoryLength = (ulong)history, InboxLength = (ulong)inbox, Generation = generation }.ToByteArray());

    private static string? DecodeStatus(StateItem? row) => row is { Data.IsEmpty: false }
        ? Google.Protobuf.WellKnownTypes.StringValue.Parser.ParseFrom(row.Data.Span).Value : null;

    private string Key(string id, string name) => $"{_prefix}{id}||{name}";

    private static string Name(string kind, ulong index) => kind + "-" + index.ToString("D6", CultureInfo.InvariantCulture);

    private static IEnumerable<string> Names(string kind, ulong count)
    {
        for (var i = 0UL; i < count; i++)
            yield return Name(kind, i);
    }
}
