using System.Security.Cryptography;
using System.Text;

namespace Dapr.Workflow.Worker;

/// <summary>Ids that come out the same at every replay: UUID version 5 (RFC 9562).</summary>
internal static class DeterministicGuid
{
    private static readonly Guid SeedNamespace = new("6f927a2e-9c7e-4a1d-9b8d-7a86f2e7f62f");

    /// <summary>The namespace of an execution's ids: its id where that is a GUID, else one derived from it.</summary>
    public static Guid NamespaceOf(string? executionId, string instanceId)
    {
        var seed = string.IsNullOrWhiteSpace(executionId) ? instanceId : executionId;
        return Guid.TryParse(seed, out var guid) ? guid : Create(SeedNamespace, seed);
    }

    public static Guid Create(Guid inNamespace, string name)
    {
        var bytes = new byte[16 + Encoding.UTF8.GetByteCount(name)];
        inNamespace.TryWriteBytes(bytes, bigEndian: true, out _);
        Encoding.UTF8.GetBytes(name, bytes.AsSpan(16));
#pragma warning disable CA5350 // UUID version 5 is defined with SHA-1; nothing here is a secret.
        var hash = SHA1.HashData(bytes);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }
}
