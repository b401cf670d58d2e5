using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using ConcertDapr.Sidecar.Leases;

namespace ConcertDapr.Sidecar.Invocation;

/// <summary>What other sidecars of the machine need to know of one.</summary>
/// <param name="Id">Of this run; also the name of its file.</param>
/// <param name="ProcessStart">Tells a process from a later one with the same id.</param>
internal sealed record RegistryEntry(
    string Id, string AppId, string Namespace, int InternalPort, int ProcessId, long ProcessStart, IReadOnlyList<string> ActorTypes);

/// <summary>
/// How sidecars find each other: those of this process directly, those of other processes through one small file each in a
/// shared folder. A file whose process is gone counts as absent and is removed.
/// </summary>
internal sealed class SidecarRegistry : IDisposable
{
    private static readonly ConcurrentDictionary<(string Folder, string Id), SidecarRuntime> Local = new();
    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a killed sidecar counts as one that may come back.</summary>
    private static readonly TimeSpan Mourning = TimeSpan.FromSeconds(10);

    private readonly string folder;
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> dead = new(StringComparer.Ordinal);
    private IReadOnlyList<RegistryEntry> known = [];
    private IReadOnlyList<RegistryEntry> killed = [];
    private long readAt;
    private RegistryEntry? own;

    public SidecarRegistry(string folder)
    {
        this.folder = Path.GetFullPath(folder);
        Directory.CreateDirectory(this.folder);
    }

    /// <summary>The folder for these settings: next to the SQLite name resolution, else one of this user.</summary>
    public static string FolderFor(SidecarOptions options, Components.SidecarConfiguration configuration) =>
        options.RegistryFolder
        ?? (configuration.NameResolutionPath is { } path
            ? path + ".sidecars"
            : Path.Combine(Path.GetTempPath(), $"concert-dapr-{Environment.UserName}", "sidecars"));

    /// <summary>This run's own id.</summary>
    public string OwnId { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Makes this sidecar findable, or publishes that its actor types changed.</summary>
    public void Announce(SidecarRuntime runtime, int internalPort, IReadOnlyList<string> actorTypes)
    {
        var entry = new RegistryEntry(OwnId, runtime.AppId, runtime.Namespace, internalPort,
            ProcessIdentity.Own.Id, ProcessIdentity.Own.Start, actorTypes);
        Local[(folder, entry.Id)] = runtime;
        var temporary = FileOf(entry.Id) + ".new";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(entry, RegistryJson.Default.RegistryEntry));
        File.Move(temporary, FileOf(entry.Id), overwrite: true);
        own = entry;
        Forget();
    }

    /// <summary>All live sidecars of an app, in a stable order; null looks in every namespace.</summary>
    public IReadOnlyList<RegistryEntry> Find(string appId, string? @namespace)
    {
        var found = Matching(Entries());
        // A sidecar that has just started may not be in what was read a moment ago.
        return found.Count > 0 ? found : Matching(Read());

        List<RegistryEntry> Matching(IReadOnlyList<RegistryEntry> entries) =>
            [.. entries.Where(entry => entry.AppId == appId && (@namespace is null || entry.Namespace == @namespace))];
    }

    /// <summary>Whether a sidecar of this app was killed a moment ago; it may be on its way back.</summary>
    public bool WasKilled(string appId) => killed.Any(entry => entry.AppId == appId);

    /// <summary>All live sidecars whose app hosts an actor type.</summary>
    public IReadOnlyList<RegistryEntry> Hosts(string actorType, string @namespace) =>
        [.. Entries().Where(entry => entry.Namespace == @namespace && entry.ActorTypes.Contains(actorType))];

    /// <summary>The sidecar itself when it runs in this process.</summary>
    public SidecarRuntime? InProcess(RegistryEntry entry) => Local.GetValueOrDefault((folder, entry.Id));

    public bool IsOwn(RegistryEntry entry) => entry.Id == own?.Id;

    /// <summary>Forgets what was read, after a sidecar turned out to be gone.</summary>
    public void Forget() => Volatile.Write(ref readAt, 0);

    public void Dispose()
    {
        if (own is null) return;
        Local.TryRemove((folder, own.Id), out _);
        Remove(FileOf(own.Id));
    }

    private IReadOnlyList<RegistryEntry> Entries()
    {
        var at = Volatile.Read(ref readAt);
        return at != 0 && Stopwatch.GetElapsedTime(at) < Freshness ? known : Read();
    }

    private IReadOnlyList<RegistryEntry> Read()
    {
        lock (gate)
        {
            var all = Directory.EnumerateFiles(folder, "*.json").Select(ReadFile).OfType<RegistryEntry>()
                .OrderBy(entry => entry.Id, StringComparer.Ordinal).ToLookup(IsAlive);
            known = [.. all[true]];
            killed = [.. all[false].Where(entry => !IsForgotten(entry))];
            Volatile.Write(ref readAt, Stopwatch.GetTimestamp());
            return known;
        }
    }

    private static RegistryEntry? ReadFile(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), RegistryJson.Default.RegistryEntry);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            // Removed or half written by another process: absent for now, read again in half a second.
            return null;
        }
    }

    /// <summary>Removes the file of a sidecar that has been dead for long.</summary>
    private bool IsForgotten(RegistryEntry entry)
    {
        dead.TryAdd(entry.Id, Stopwatch.GetTimestamp());
        if (Stopwatch.GetElapsedTime(dead[entry.Id]) < Mourning) return false;
        Remove(FileOf(entry.Id));
        return true;
    }

    private bool IsAlive(RegistryEntry entry)
    {
        if (entry.ProcessId == Environment.ProcessId) return InProcess(entry) is not null;
        return ProcessIdentity.IsRunning(entry.ProcessId, entry.ProcessStart);
    }

    private static void Remove(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (IOException)
        {
            // Somebody else is removing it.
        }
    }

    private string FileOf(string id) => Path.Combine(folder, id + ".json");
}

[JsonSerializable(typeof(RegistryEntry))]
internal sealed partial class RegistryJson : JsonSerializerContext;
