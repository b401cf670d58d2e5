using System.Text.Json.Serialization;
using ConcertDapr.Contracts;

namespace ConcertDapr.Catalog;

/// <summary>Generated JSON of this service's bodies.</summary>
[JsonSerializable(typeof(ConcertResponse))]
[JsonSerializable(typeof(ConcertPage))]
[JsonSerializable(typeof(IReadOnlyList<ShowResponse>))]
[JsonSerializable(typeof(ShowLayout))]
[JsonSerializable(typeof(CreateConcertRequest))]
[JsonSerializable(typeof(OpenSaleRequest))]
[JsonSerializable(typeof(CatalogChanged))]
internal sealed partial class CatalogJson : JsonSerializerContext;
