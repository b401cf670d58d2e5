using System.Security.Cryptography;
using System.Text;
using ConcertDapr.Sidecar.Invocation;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>
/// Which sidecar hosts an actor: of all that announce its type, the one whose hash with the actor's name is highest. All
/// sidecars of a machine come to the same result without asking each other.
/// </summary>
internal sealed class ActorDirectory(SidecarRegistry registry, string @namespace)
{
    /// <summary>The host, or null when nobody hosts the type now.</summary>
    public RegistryEntry? Find(ActorKey actor)
    {
        var hosts = registry.Hosts(actor.Type, @namespace);
        return hosts.Count switch
        {
            0 => null,
            1 => hosts[0],
            _ => hosts.MaxBy(host => Score(host, actor)),
        };
    }

    public bool IsOwn(RegistryEntry host) => registry.IsOwn(host);

    public bool IsMine(ActorKey actor) => Find(actor) is { } host && registry.IsOwn(host);

    /// <summary>The host's runtime when it lives in this process.</summary>
    public SidecarRuntime? InProcess(RegistryEntry host) => registry.InProcess(host);

    /// <summary>Names who hosts a type; changes when a host comes or goes.</summary>
    public string Membership(string type) => string.Join(',', registry.Hosts(type, @namespace).Select(host => host.Id));

    private static ulong Score(RegistryEntry host, ActorKey actor) =>
        BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"{host.Id}/{actor}")));
}
