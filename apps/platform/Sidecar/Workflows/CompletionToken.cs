using ConcertDapr.Wire.Workflows;

namespace ConcertDapr.Sidecar.Workflows;

/// <summary>
/// What a worker echoes with its answer: which item it answers. Instance and task id alone do not tell that. A worker may send an
/// answer again to the next sidecar, because the one before was killed between storing and acknowledging it; or it answers a
/// task after the workflow has continued as new and has another task of that number. Tokens that are not ours say nothing.
/// </summary>
internal static class CompletionToken
{
    private const string Prefix = "item-";

    /// <summary>The token of a turn, by its start, or of an activity, by its schedule: no two events have the same time.</summary>
    public static string Of(HistoryEvent e) => $"{Prefix}{e.Timestamp.Seconds}-{e.Timestamp.Nanos}";

    public static bool IsOfAnother(string given, HistoryEvent e) => given.StartsWith(Prefix, StringComparison.Ordinal) && given != Of(e);
}
