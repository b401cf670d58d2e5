using System.Xml.Linq;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapr.Client;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace ConcertDapr.Gateway;

/// <summary>
/// Data Protection keys in the state store (<c>data-protection-keys → list of XML</c>), so that a token issued by one replica
/// is good at all. The interface is synchronous and called a few times a day, hence the blocking.
/// </summary>
internal sealed class SharedKeys(DaprClient dapr) : IXmlRepository
{
    private const string Key = "data-protection-keys";

    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements() => [.. LoadAsync().GetAwaiter().GetResult().Keys.Select(k => XElement.Parse(k))];

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName) => AddAsync(element.ToString(SaveOptions.DisableFormatting)).GetAwaiter().GetResult();

    private async Task<(List<string> Keys, string ETag)> LoadAsync()
    {
        var (keys, etag) = await dapr.GetStateAndETagAsync<List<string>?>(Apps.StateStore, Key).ConfigureAwait(false);
        return (keys ?? [], etag);
    }

    private async Task AddAsync(string element)
    {
        while (true)
        {
            var (keys, etag) = await LoadAsync().ConfigureAwait(false);
            keys.Add(element);
            var saved = string.IsNullOrEmpty(etag)
                ? await dapr.TryCreateStateAsync(Apps.StateStore, Key, keys).ConfigureAwait(false)
                : await dapr.TrySaveStateAsync(Apps.StateStore, Key, keys, etag).ConfigureAwait(false);
            if (saved) return;
        }
    }
}
