using System.Security.Cryptography;
using System.Text;
using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.Leases;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>
/// Which sidecar to ask for an actor. Of several apps that announce its type it is the one whose hash with the actor's name is
/// highest: all sidecars of a machine come to the same result without asking each other. Among the replicas of one app leases
/// decide; a sidecar of another app does not see those and asks any replica, which passes the call on.
/// </summary>
internal sealed class ActorDirectory(SidecarRegistry registry, string appId, string @namespace, Func<LeaseTable?> leases)
{
    /// <summary>Into how many parts the actors of an app are shared out among its replicas.</summary>
    public const int Shards = 16;

    /// <summary>The part that an actor belongs to.</summary>
    public static int ShardOf(ActorKey actor)
    {
        // The same in every process and version (string.GetHashCode is not): FNV-1a over the characters.
        var hash = 2166136261u;
        foreach (var c in actor.Type) hash = (hash ^ c) * 16777619;
        foreach (var c in actor.Id) hash = (hash ^ c) * 16777619;
        return (int)((hash ^ (hash >> 16)) % Shards);
    }

    /// <summary>The host, or null when nobody hosts the actor now.</summary>
    public RegistryEntry? Find(ActorKey actor)
    {
        var hosts = registry.Hosts(actor.Type, @namespace);
        if (hosts.Count == 0) return null;
        var app = hosts.All(host => host.AppId == hosts[0].AppId) ? hosts[0].AppId : hosts.MaxBy(host => Score(host.AppId, actor))!.AppId;
        if (app == appId && leases() is { } table)
            return table.HolderOf(ShardOf(actor)) is { } holder ? hosts.FirstOrDefault(host => host.Id == holder.Id) : null;
        return hosts.Count == 1 ? hosts[0] : hosts.Where(host => host.AppId == app).MaxBy(host => Score(host.Id, actor));
    }

    public bool IsOwn(RegistryEntry host) => registry.IsOwn(host);

    /// <summary>The host's runtime when it lives in this process.</summary>
    public SidecarRuntime? InProcess(RegistryEntry host) => registry.InProcess(host);

    /// <summary>Names who hosts a type; changes when a host comes or goes.</summary>
    public string Membership(string type) => string.Join(',', registry.Hosts(type, @namespace).Select(host => host.Id));

    private static ulong Score(string host, ActorKey actor) =>
        BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"{host}/{actor}")));
}
